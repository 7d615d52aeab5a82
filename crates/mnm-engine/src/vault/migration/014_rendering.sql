-- What was rendered by earlier versions is rendered anew when it is read.
ALTER TABLE message ADD COLUMN cut INTEGER NOT NULL DEFAULT 0 CHECK (cut IN (0, 1));
ALTER TABLE message ADD COLUMN rendering INTEGER NOT NULL DEFAULT 1;
