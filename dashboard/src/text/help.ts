/** What keys do, as the list of keys says. */
export const HELP = {
  title: "Keyboard shortcuts",
  groups: [
    {
      name: "Everywhere",
      keys: [
        ["Ctrl K", "Search or jump to"],
        ["g h", "Home"],
        ["g a", "Agents"],
        ["g d", "Chat"],
        ["g r", "Runs"],
        ["g p", "Approvals"],
        ["g m", "Messages"],
        ["g c", "Conversations"],
        ["g k", "Tasks"],
        ["g g", "Graph"],
        ["g e", "Memory"],
        ["g t", "Tools"],
        ["g w", "Webhooks"],
        ["g u", "Usage"],
        ["g x", "Access"],
        ["g i", "Triggers"],
        ["g l", "Audit"],
        ["g s", "Settings"],
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
    {
      name: "In a chat",
      keys: [
        ["Enter", "Send"],
        ["Shift Enter", "New line"],
      ],
    },
  ],
} as const;
