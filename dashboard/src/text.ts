/** Every word the dashboard shows. Names of things are those of the CLI, the API and the documentation. */
export const text = {
  product: "Caxton",
  titleOf: (page: string) => `${page} · Caxton`,
  skipToContent: "Skip to content",
  navigation: "Main",
  pages: { home: "Home", agents: "Agents", runs: "Runs", tools: "Tools" },
  header: {
    live: "Live",
    liveNote: "Connected. Everything on this page is current.",
    connecting: "Connecting",
    lost: (time: string) => `Reconnecting, last update ${time}`,
    search: "Search or jump to",
    searchKeys: "Ctrl K",
    help: "Keyboard shortcuts",
    theme: "Theme",
    themes: { system: "System", light: "Light", dark: "Dark" },
  },
  errors: {
    unreachable: {
      title: "The server does not answer",
      detail: "The server this page came from cannot be reached.",
      hint: "Check that it runs: caxton serve",
    },
    page: {
      title: "This page failed",
      hint: "Reload it. If it happens again, it is a fault of the dashboard; the command line still works.",
    },
    status: (status: number, words: string) => `The server answered ${status} ${words}`.trim(),
    noProblem: "The answer says no more than that.",
    notFound: {
      title: "There is no such page",
      detail: "The address leads nowhere in this dashboard.",
      home: "Go home",
    },
    request: (id: string) => `request ${id}`,
    explain: "What this means",
    again: "Try again",
  },
  help: {
    title: "Keyboard shortcuts",
    groups: [
      {
        name: "Everywhere",
        keys: [
          ["Ctrl K", "Search or jump to"],
          ["g h", "Home"],
          ["g a", "Agents"],
          ["g r", "Runs"],
          ["g t", "Tools"],
          ["?", "This list"],
        ],
      },
      {
        name: "In lists",
        keys: [
          ["j", "Next"],
          ["k", "Previous"],
          ["Enter", "Open"],
          ["/", "Filter"],
        ],
      },
      {
        name: "On a run",
        keys: [
          ["]", "Next step"],
          ["[", "Previous step"],
        ],
      },
      {
        name: "In a request",
        keys: [["Ctrl Enter", "Send"]],
      },
    ],
  },
  palette: {
    title: "Search or jump to",
    placeholder: "A page, an agent, a run, an action",
    results: "Results",
    nothing: (words: string) => `Nothing here is called "${words}".`,
    ask: (agent: string) => `Ask ${agent}`,
    callTool: "Call a tool",
    theme: (theme: string) => `Theme: ${theme}`,
    groups: { page: "Page", agent: "Agent", run: "Run", action: "Action" },
  },
  deploy: {
    title: "Deploy an agent",
    command: "caxton deploy agent.toml",
  },
  actions: {
    cancel: "Cancel",
    close: "Close",
    copy: "Copy",
    copied: "Copied",
    copyFailed: "The browser did not allow copying",
    older: "Older",
    loading: "Loading",
    filter: "Filter",
    clear: "Clear",
  },
} as const;
