-- Where what was seen ends: it may go on over several lines.
ALTER TABLE evidence ADD COLUMN end_line bigint;

UPDATE evidence SET end_line = CASE WHEN end_column_number > 0 THEN line ELSE 0 END WHERE repository IS NOT NULL;
