SELECT * FROM spending;
