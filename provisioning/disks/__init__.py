"""Disks as things to be written: what this machine says of them, their bytes, their partition tables.

Two rooms above write disks: `packager.production` drives for libraries, `provisioning.flash` the box's own system.
"""
