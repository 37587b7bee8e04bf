/** By what a program outside shows that it is who it says: a hash of its token, null while nobody may speak as it. */
export const participantTokens = `
ALTER TABLE participants ADD COLUMN token_hash TEXT;
`;
