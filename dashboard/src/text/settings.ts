/** Words of the settings page. */
export const SETTINGS = {
  note: "Models and providers of this server. They are set in caxton.toml and in its environment.",
  models: {
    title: "Models",
    note: (model: string) => `Agents that name no model use ${model}.`,
    columns: {
      model: "Model",
      context: "Context",
      answer: "Answer",
      images: "Images",
      price: "USD per million in / out",
      roles: "Used for",
      test: "Test",
    },
    yes: "yes",
    no: "no",
    unknown: "–",
    test: "Test",
    testName: (model: string) => `Test ${model}`,
    testing: "Testing…",
    none: "No model is known by name",
    noneNote:
      "Every model of a configured provider can be used as provider/model; it is listed here once models.facts of caxton.toml has its figures. To configure a provider, start the server with its key.",
    command: "OPENAI_API_KEY=sk-... caxton serve",
    local: (provider: string, address: string) => `${provider} answers at ${address}`,
    discover: "Look for Ollama",
    silent: (provider: string, address: string) => `${provider} does not answer at ${address}`,
    checks: { answer: "Answer", tools: "Tool call", structured: "JSON answer", embedding: "Vectors" },
    measured: (first: number, input: number | null, output: number | null) =>
      `first part after ${Math.round(first)} ms; ${input ?? "?"} tokens in, ${output ?? "?"} out`,
    result: (model: string) => `Test of ${model}`,
    other: "Another model",
    otherHint: "provider/model",
  },
  providers: {
    title: "Providers",
    columns: { name: "Provider", ready: "Setup", note: "Note" },
    ready: "Configured",
    notReady: "Not configured",
  },
} as const;
