"""The operations other than chat: one file each."""
