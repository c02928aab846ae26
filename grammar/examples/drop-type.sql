DROP TYPE address;
DROP TYPE IF EXISTS addresses;
