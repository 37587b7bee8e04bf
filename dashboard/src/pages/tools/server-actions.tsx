import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, Ellipsis, HeartPulse, Pause, Play, Rocket, SquareTerminal, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, requestPath, type ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { checkToolServer, resumeToolServer } from "../../api/tool-servers.ts";
import { inWorkspace } from "../../api/workspace.ts";
import { Button } from "../../parts/button.tsx";
import { copyText } from "../../parts/content/copy.tsx";
import { Menu, type MenuItem } from "../../parts/menu.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { CLI } from "../../parts/content/shell-command.ts";
import { text } from "../../text/text.ts";
import { DeleteServer } from "./delete-server.tsx";
import { PauseServer } from "./pause-server.tsx";
import { SignIn } from "./sign-in.tsx";
import { useSteer } from "./steer.ts";

type Props = { readonly server: ToolServerRecord; readonly onDeploy: () => void };

/** What can be done with a tool server; what its origin does not allow is not offered. */
export function ServerActions({ server, onDeploy }: Props) {
  const { name, state, origin } = server;
  const [open, setOpen] = useState<"pause" | "delete" | undefined>();
  const resume = useSteer(
    name,
    () => resumeToolServer(name),
    () => text.tools.actions.resumed(name),
  );
  const check = useCheck(name);
  const error = resume.error ?? check.error;
  const isOpen = state === "loaded" || state === "running" || state === "quarantined";
  const isOwn = origin === "uploaded" || origin === "directory";
  return (
    <>
      {error === null ? null : <ProblemView error={error} />}
      <SignIn key={name} server={server} />
      {state === "paused" ? (
        <Button
          needs={operations.toolServer.resume}
          look="primary"
          disabled={resume.isPending}
          onClick={() => resume.mutate()}
        >
          <Play aria-hidden />
          {text.tools.actions.resume}
        </Button>
      ) : null}
      {isOpen ? (
        <Button needs={operations.toolServer.pause} onClick={() => setOpen("pause")}>
          <Pause aria-hidden />
          {text.tools.actions.pause}
        </Button>
      ) : null}
      {isOwn ? (
        <Button needs={operations.toolServer.deploy} onClick={onDeploy}>
          <Rocket aria-hidden />
          {text.tools.actions.deploy}
        </Button>
      ) : null}
      <Menu
        trigger={
          <Button aria-label={text.actions.more} title={text.actions.more} className="px-2">
            <Ellipsis aria-hidden />
          </Button>
        }
        items={menuItems(server, { onCheck: () => check.mutate(), onDelete: () => setOpen("delete") })}
      />
      {open === "pause" ? <PauseServer name={name} onClose={() => setOpen(undefined)} /> : null}
      {open === "delete" ? <DeleteServer server={server} onClose={() => setOpen(undefined)} /> : null}
    </>
  );
}

type Acts = { readonly onCheck: () => void; readonly onDelete: () => void };

function menuItems({ name, origin, revision }: ToolServerRecord, { onCheck, onDelete }: Acts): readonly MenuItem[] {
  const { actions } = text.tools;
  const isOwn = origin === "uploaded" || origin === "directory";
  return [
    { label: actions.check, needs: operations.toolServer.check, icon: <HeartPulse aria-hidden />, act: onCheck },
    {
      label: actions.copyGet,
      icon: <SquareTerminal aria-hidden />,
      act: () => void copyText(`${CLI} tool get ${name}`),
    },
    ...(revision === null
      ? []
      : [
          {
            label: actions.download,
            needs: operations.toolServer.module,
            icon: <Download aria-hidden />,
            act: () => download(name, revision),
          },
        ]),
    ...(isOwn
      ? [
          {
            label: actions.delete,
            needs: operations.toolServer.delete,
            icon: <Trash2 aria-hidden />,
            act: onDelete,
            danger: true,
          },
        ]
      : []),
  ];
}

/** The server names the file; a link would do, but a menu has only acts. */
function download(name: string, revision: number): void {
  const link = document.createElement("a");
  link.href = inWorkspace(`${requestPath(operations.toolServer.module, { name })}?revision=${revision}`);
  link.download = "";
  link.click();
}

function useCheck(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => checkToolServer(name),
    onSuccess: async ({ health, check }) => {
      notify(
        text.tools.actions.checked(
          check === null ? text.tools.health[health] : check.note || text.tools.health[health],
        ),
      );
      await client.invalidateQueries({ queryKey: ["tool-server", name] });
    },
  });
}
