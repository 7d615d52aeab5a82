-- What a letter calls its readers was kept as it came, of any length. A group is called as it is.
UPDATE party SET alias = iif(is_group, uid, clean_label(alias))
WHERE alias <> iif(is_group, uid, clean_label(alias));
