ALTER TABLE attachment ADD COLUMN wire_name TEXT;
