"""Conversations of other programs and of our own export, read into one form and stored.

`importer.import_file` is the front door. A file goes through `archive` (the JSON files of a zip), `entries` (one
conversation at a time, within limits) and the program's own module (`chatgpt`, `claude`, `open_webui`, `librechat`,
`ours`), which validates it by a schema; `importer` stores what is new of it.
"""
