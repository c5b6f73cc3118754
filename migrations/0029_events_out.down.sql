DROP TABLE events_out;
