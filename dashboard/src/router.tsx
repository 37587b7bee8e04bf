import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Navigate,
  type ErrorComponentProps,
} from "@tanstack/react-router";
import { inWorkspace, withoutWorkspace } from "./api/workspace.ts";
import { lazyPage } from "./lazy-page.tsx";
import { ProblemView } from "./parts/problems/problem-view.tsx";
import { Home } from "./pages/home/home.tsx";
import { NotFound } from "./pages/not-found.tsx";
import {
  agentSearch,
  agentsSearch,
  parseSearch,
  runSearch,
  runsSearch,
  stringifySearch,
  toolSearch,
  toolsSearch,
} from "./search/search.ts";
import { chatSearch } from "./search/chat.ts";
import { conversationSearch, conversationsSearch, graphSearch, messagesSearch } from "./search/messages.ts";
import { tasksSearch } from "./search/tasks.ts";
import { entitySearch, memorySearch } from "./search/memory.ts";
import { Gate } from "./shell/gate.tsx";

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Gate,
  notFoundComponent: NotFound,
});

const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });

const agents = createRoute({
  getParentRoute: () => root,
  path: "/agents",
  validateSearch: agentsSearch,
  component: lazyPage(() => import("./pages/agents/agents.tsx"), "Agents"),
});
const agent = createRoute({
  getParentRoute: () => root,
  path: "/agents/$name",
  validateSearch: agentSearch,
  component: lazyPage(() => import("./pages/agent/agent.tsx"), "Agent"),
});
const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: runsSearch,
  component: lazyPage(() => import("./pages/runs/runs.tsx"), "Runs"),
});
const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id",
  validateSearch: runSearch,
  component: lazyPage(() => import("./pages/run/run.tsx"), "Run"),
});
const approvals = createRoute({
  getParentRoute: () => root,
  path: "/approvals",
  component: lazyPage(() => import("./pages/approvals/approvals.tsx"), "Approvals"),
});
const runDiff = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id/diff/$other",
  component: lazyPage(() => import("./pages/run-diff/run-diff.tsx"), "RunDiff"),
});
const chat = createRoute({
  getParentRoute: () => root,
  path: "/chat",
  validateSearch: chatSearch,
  component: lazyPage(() => import("./pages/chat/chat.tsx"), "Chat"),
});
const thread = createRoute({
  getParentRoute: () => root,
  path: "/chat/$id",
  validateSearch: chatSearch,
  component: lazyPage(() => import("./pages/chat/chat.tsx"), "ChatThread"),
});
const tools = createRoute({
  getParentRoute: () => root,
  path: "/tools",
  validateSearch: toolsSearch,
  component: lazyPage(() => import("./pages/tools/tools.tsx"), "Tools"),
});
const tool = createRoute({
  getParentRoute: () => root,
  path: "/tools/$server",
  validateSearch: toolSearch,
  component: lazyPage(() => import("./pages/tools/tool-server.tsx"), "ToolServer"),
});

const messages = createRoute({
  getParentRoute: () => root,
  path: "/messages",
  validateSearch: messagesSearch,
  component: lazyPage(() => import("./pages/messages/messages.tsx"), "Messages"),
});
const conversations = createRoute({
  getParentRoute: () => root,
  path: "/conversations",
  validateSearch: conversationsSearch,
  component: lazyPage(() => import("./pages/conversations/conversations.tsx"), "Conversations"),
});
const conversation = createRoute({
  getParentRoute: () => root,
  path: "/conversations/$id",
  validateSearch: conversationSearch,
  component: lazyPage(() => import("./pages/conversations/conversation.tsx"), "Conversation"),
});
const tasks = createRoute({
  getParentRoute: () => root,
  path: "/tasks",
  validateSearch: tasksSearch,
  component: lazyPage(() => import("./pages/tasks/tasks.tsx"), "Tasks"),
});
const task = createRoute({
  getParentRoute: () => root,
  path: "/tasks/$id",
  component: lazyPage(() => import("./pages/tasks/task.tsx"), "Task"),
});
const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/webhooks",
  component: lazyPage(() => import("./pages/webhooks/webhooks.tsx"), "Webhooks"),
});
const webhook = createRoute({
  getParentRoute: () => root,
  path: "/webhooks/$id",
  component: lazyPage(() => import("./pages/webhooks/webhook.tsx"), "Webhook"),
});
const graph = createRoute({
  getParentRoute: () => root,
  path: "/graph",
  validateSearch: graphSearch,
  component: lazyPage(() => import("./pages/graph/graph.tsx"), "Graph"),
});

const memory = createRoute({
  getParentRoute: () => root,
  path: "/memory",
  validateSearch: memorySearch,
  component: lazyPage(() => import("./pages/memory/memory.tsx"), "Memory"),
});
const entity = createRoute({
  getParentRoute: () => root,
  path: "/memory/$id",
  validateSearch: entitySearch,
  component: lazyPage(() => import("./pages/memory/entity/entity.tsx"), "Entity"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyPage(() => import("./pages/settings/settings.tsx"), "Settings"),
});

const usage = createRoute({
  getParentRoute: () => root,
  path: "/usage",
  component: lazyPage(() => import("./pages/usage/usage.tsx"), "Usage"),
});

const access = createRoute({
  getParentRoute: () => root,
  path: "/access",
  component: lazyPage(() => import("./pages/access/access.tsx"), "Access"),
});
const triggers = createRoute({
  getParentRoute: () => root,
  path: "/triggers",
  component: lazyPage(() => import("./pages/triggers/triggers.tsx"), "Triggers"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyPage(() => import("./pages/audit/audit.tsx"), "Audit"),
});
/** The address of the setup link. Without a session, `Gate` shows the setup there. */
const setup = createRoute({ getParentRoute: () => root, path: "/setup", component: () => <Navigate to="/" replace /> });
/** The address of login links and of failed logins. Without a session, `Gate` shows the login there. */
const login = createRoute({ getParentRoute: () => root, path: "/login", component: () => <Navigate to="/" replace /> });

const routeTree = root.addChildren([
  home,
  agents,
  agent,
  runs,
  run,
  runDiff,
  approvals,
  chat,
  thread,
  messages,
  conversations,
  conversation,
  tasks,
  task,
  webhooks,
  webhook,
  graph,
  memory,
  entity,
  tools,
  tool,
  usage,
  settings,
  access,
  triggers,
  audit,
  setup,
  login,
]);

const PageError = ({ error, reset }: ErrorComponentProps) => <ProblemView error={error} onRetry={reset} />;

export const makeRouter = (client: QueryClient) =>
  createRouter({
    routeTree,
    basepath: "/ui",
    context: { client },
    // The workspace is that of the window, not of a page.
    parseSearch: (search) => parseSearch(withoutWorkspace(search)),
    stringifySearch: (search) => inWorkspace(stringifySearch(search)),
    defaultPreload: "intent",
    defaultErrorComponent: PageError,
    defaultPendingMs: 300,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
