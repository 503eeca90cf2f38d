"""What HTCondor is told and what it answers: submit files, sites, the event log, held jobs, its commands."""
