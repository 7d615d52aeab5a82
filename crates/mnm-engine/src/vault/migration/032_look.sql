-- What imitates the remarks that the app puts behind names is no part of what a name looks like.
UPDATE contact SET look = look(alias) WHERE look <> look(alias);
