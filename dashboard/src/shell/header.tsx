import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Keyboard, LogOut, Monitor, Moon, Search, Sun } from "lucide-react";
import { use } from "react";
import { operations } from "../../../src/api/contract/index.ts";
import { logOut } from "../api/access.ts";
import { useLiveState } from "../api/live/live.ts";
import { cx } from "../parts/class-names.ts";
import { IconButton } from "../parts/button.tsx";
import { IdentityContext, useDenial } from "../parts/permission.ts";
import { notify } from "../parts/problems/notice.tsx";
import { clockTime } from "../parts/format/format.ts";
import { text } from "../text/text.ts";
import { WorkspaceSwitch } from "./workspace-switch.tsx";
import { setTheme, THEMES, useTheme } from "./theme.ts";

type Props = { readonly onSearch: () => void; readonly onHelp: () => void };

export function Header({ onSearch, onHelp }: Props) {
  return (
    <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-b border-line bg-canvas/90 px-4 backdrop-blur md:px-6">
      <button
        type="button"
        onClick={onSearch}
        aria-keyshortcuts="Control+K Meta+K"
        className="flex h-8 w-full max-w-72 min-w-9 items-center gap-2 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-faint hover:border-faint"
      >
        <Search aria-hidden className="size-3.5 shrink-0" />
        <span className="flex-1 truncate text-left">{text.header.search}</span>
        <kbd className="font-sans text-2xs max-sm:hidden">{text.header.searchKeys}</kbd>
      </button>
      <div className="flex-1" />
      <WorkspaceSwitch />
      <LiveMark />
      <ThemeSwitch />
      <IconButton label={text.header.help} onClick={onHelp} aria-keyshortcuts="?" className="max-sm:hidden">
        <Keyboard aria-hidden />
      </IconButton>
      <User />
    </header>
  );
}

/** Who has logged in, and the way out; nothing on a server without access control. */
function User() {
  const client = useQueryClient();
  const identity = use(IdentityContext);
  const leave = useMutation({ mutationFn: () => logOut(client), onError: ({ message }) => notify(message) });
  if (identity === undefined || identity.session === null) return null;
  return (
    <>
      <span className="max-w-40 truncate text-xs text-muted max-sm:sr-only">
        {text.access.user(identity.name, identity.role)}
      </span>
      <IconButton label={text.access.logOut} disabled={leave.isPending} onClick={() => leave.mutate()}>
        <LogOut aria-hidden />
      </IconButton>
    </>
  );
}

function LiveMark() {
  const { state, lastAtMs } = useLiveState();
  const denial = useDenial()(operations.server.watch);
  if (denial !== undefined) return null;
  const words =
    state === "live"
      ? text.header.live
      : state === "connecting"
        ? text.header.connecting
        : text.header.lost(clockTime(lastAtMs));
  return (
    <span
      role="status"
      title={state === "live" ? text.header.liveNote : undefined}
      className={cx("flex items-center gap-1.5 px-2 text-xs", state === "lost" ? "text-warn" : "text-muted")}
    >
      <span
        aria-hidden
        className={cx(
          "size-2 rounded-full",
          state === "live" && "bg-good",
          state === "connecting" && "bg-idle",
          state === "lost" && "animate-pulse-soft bg-warn",
        )}
      />
      <span className="max-sm:sr-only">{words}</span>
    </span>
  );
}

const ICONS = { system: Monitor, light: Sun, dark: Moon };

/** One button that goes round the three themes, and says which one is on. */
function ThemeSwitch() {
  const theme = useTheme();
  const Icon = ICONS[theme];
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <IconButton label={`${text.header.theme}: ${text.header.themes[theme]}`} onClick={() => setTheme(next)}>
      <Icon aria-hidden />
    </IconButton>
  );
}
