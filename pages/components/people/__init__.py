"""The parts of the People page: a person, invitations, merged user ids, teams."""
