-- How many tasks of an owner may run at once, where it is not as many as of anyone:
-- as its newest task says, and as it is counted while something of theirs waits.
ALTER TABLE tasks ADD COLUMN own_running bigint;
ALTER TABLE task_waiting ADD COLUMN most bigint;
