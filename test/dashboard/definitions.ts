/** A definition with five mistakes, each of another kind. */
export const FIVE_MISTAKES = `name = "bad name!"
version = "one"
capabilities = ["analysis"]
toolz = ["csv_parser"]
system_prompt = "Answer."

[llm]
temperature = "hot"

[execution]
max_steps = 0
`;

export const TIDY = `name = "tidy"
version = "1.0.0"
description = "Answers tidily"
capabilities = ["tidiness"]
tools = []
system_prompt = "Answer tidily."
`;
