/** Hash of the definition file's text, if that was deployed last; null after a deployment or activation of another origin. */
export const agentFiles = "ALTER TABLE agents ADD COLUMN file_hash TEXT;";
