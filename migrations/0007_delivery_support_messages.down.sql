DROP TABLE messages;
DROP TABLE device_tokens;
DROP TABLE support_messages;
DROP TABLE support_tickets;
DROP TABLE handovers;
DROP TABLE driver_locations;
DROP TABLE driver_shifts;
DROP TABLE vehicles;
