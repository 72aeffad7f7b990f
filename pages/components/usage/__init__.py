"""The usage page: one person's billing cycle as a statement."""
