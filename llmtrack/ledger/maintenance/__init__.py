"""Maintenance: retention, verification, erasure, copies."""
