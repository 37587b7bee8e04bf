/** Codes of what whoever reads a run's answer should know, divided by spaces. */
export const runNotices = `
ALTER TABLE runs ADD COLUMN notices TEXT NOT NULL DEFAULT '';
`;
