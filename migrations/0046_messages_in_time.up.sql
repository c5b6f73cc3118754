-- One sender at a time for each message, and until when its words are true.

-- claimed_until: somebody sends it; when it ends without a word, another may. good_until: later it must not go any more.
ALTER TABLE messages ADD COLUMN claimed_until timestamptz, ADD COLUMN good_until timestamptz;
