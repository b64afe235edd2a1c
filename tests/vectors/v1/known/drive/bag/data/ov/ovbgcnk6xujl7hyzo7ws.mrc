not really MARC
