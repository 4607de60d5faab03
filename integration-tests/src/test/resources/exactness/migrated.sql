-- Behind reset.sql, if the conversation spoke of this table.
DROP TABLE IF EXISTS migrated;
CREATE TABLE migrated (id int, price int, qty int);
INSERT INTO migrated VALUES (1, 10, 100), (2, 20, 200);
