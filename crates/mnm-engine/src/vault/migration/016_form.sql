ALTER TABLE attachment ADD COLUMN form TEXT CHECK (form IN ('blank', 'filled'));
ALTER TABLE attachment ADD COLUMN form_name TEXT;
