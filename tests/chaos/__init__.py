"""Crash tests: what a deployment suffers while input flows, judged afterwards by `verify` and by what the input was
made to say. DRIFTWISE_CHAOS_SEED repeats a run, DRIFTWISE_CHAOS_LENGTH=10 makes it ten times as long."""
