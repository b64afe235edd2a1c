"""Readers of source collections: a folder with catalogue.csv or catalogue.jsonl."""
