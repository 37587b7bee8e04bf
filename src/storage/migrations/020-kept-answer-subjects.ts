/** What a request that came with a key makes, under an id that is there before it is begun; null where nothing has one. */
export const keptAnswerSubjects = `
ALTER TABLE kept_answers ADD COLUMN subject TEXT;
`;
