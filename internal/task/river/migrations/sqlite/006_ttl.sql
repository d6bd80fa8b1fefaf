-- How long a task is kept from its end on, in microseconds. One that was made without
-- knowing of this has the time that is the default of --ttl; one that has ended has
-- what its columns say.
ALTER TABLE tasks ADD COLUMN ttl integer NOT NULL DEFAULT 86400000000;
