type UsedBy = { readonly agents: readonly string[]; readonly tool_servers: readonly string[] };

/** Words of the settings page. */
export const SETTINGS = {
  note: "Models and providers of this server. They are set in caxton.toml, in its environment and with stored keys.",
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
      "Every model of a configured provider can be used as provider/model; it is listed here once models.facts of caxton.toml has its figures. To configure a provider, set its key below, or start the server with it.",
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
    columns: { name: "Provider", ready: "Setup", note: "Note", key: "Key" },
    ready: "Configured",
    notReady: "Not configured",
    setKey: "Set key",
    changeKey: "Change key",
    keyOf: (action: string, provider: string) => `${action} of ${provider}`,
  },
  secrets: {
    title: "Secrets",
    columns: {
      name: "Name",
      workspace: "Workspace",
      origins: "Origins",
      fingerprint: "Fingerprint",
      created: "Created",
      updated: "Updated",
      used: "Last used",
      actions: "Actions",
    },
    none: "No secrets",
    noneNote: "A stored secret is encrypted, takes effect with the next request, and is never shown again.",
    command: "caxton secret set OPENAI_API_KEY",
    everywhere: "all workspaces",
    thisWorkspace: "this workspace",
    ofWorkspace: (workspace: string) => `the workspace ${workspace}`,
    anyOrigin: "by configuration",
    never: "never",
    unreadable: "unreadable",
    by: (principal: string) => `by ${principal}`,
    usedBy: ({ agents, tool_servers: servers }: UsedBy) =>
      [
        agents.length > 0 ? `Agents: ${agents.join(", ")}` : "",
        servers.length > 0 ? `Tool servers: ${servers.join(", ")}` : "",
      ]
        .filter((part) => part !== "")
        .join(" · "),
    add: "Add a secret",
    nameNote: "Letters, digits and _, for example OPENAI_API_KEY",
    taken: "A secret of this name exists. Replace or delete it in the list.",
    value: "Value",
    valueNote: "8 characters to 64 KiB. The value is stored encrypted and never shown again.",
    workspace: "Workspace",
    storedIn: (workspace: string) => `The secret is stored in the workspace ${workspace}.`,
    originsNote:
      "For example, https://gateway.example.com, one per line. The secret is sent to these only. Empty: the addresses that the configuration gives to a key of this name.",
    isStored: "The secret is stored",
    replaceName: (name: string) => `Replace ${name}`,
    replaceTitle: "Replace the secret",
    replaceNote: (name: string) => `The new value of ${name} takes effect with the next request. Its origins stay.`,
    deleteName: (name: string) => `Delete ${name}`,
    deleteTitle: "Delete the secret",
    deleteNote: (name: string, place: string) =>
      `${name} of ${place} is deleted. Runs that need it fail from the next one on, unless a variable of its name is set.`,
    deleteAction: "Delete",
    deleted: "The secret is deleted",
    keyTitle: (provider: string) => `Key of ${provider}`,
    keyNote: (name: string) => `The key is stored as the secret ${name} and takes effect with the next request.`,
    stored: (fingerprint: string, principal: string) => `Stored: fingerprint ${fingerprint}, set by ${principal}`,
    shadowed: (workspace: string) =>
      `The workspace ${workspace} has its own key, which it uses instead. The test uses that key too.`,
    untested: "The key is not tested: no model of this provider is known, or your role cannot test models.",
    set: (isTested: boolean) => (isTested ? "Store and test" : "Store"),
    replace: (isTested: boolean) => (isTested ? "Replace and test" : "Replace"),
    testing: "Testing…",
    outcome: (isWorking: boolean | undefined) =>
      isWorking === undefined
        ? "The key is stored."
        : isWorking
          ? "The key is stored and works."
          : "The key is stored, but its test failed.",
  },
} as const;
