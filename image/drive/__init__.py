"""What happens when a drive is plugged in: the one part that runs as root and looks at a stranger's disk.

Standard library only. It looks at the disk (`probe`), decides (`decision`), asks the first process to mount it
(`mounting`), copies box files from sticks (`sticks`) and says so in the event spool (`events`). When the service asks
(`requests`), a stick or an empty disk (`writing`) is given to it for writing, and taken back (`lending`).
"""
