/** Changes of agents and tool servers, for readers of the server's events who come back. */
export const changes = `
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  body TEXT NOT NULL
) STRICT;
`;
