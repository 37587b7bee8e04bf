import type { ToolServerRecord, ToolServerVersion } from "../../../../../src/api/contract/index.ts";
import { acceptToolServer, activateToolServer } from "../../../api/tool-servers.ts";
import { Button } from "../../../parts/button.tsx";
import { Dialog } from "../../../parts/dialogs/dialog.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { text } from "../../../text/text.ts";
import { Difference } from "./difference.tsx";
import { useSteer } from "../steer.ts";

type Props = { readonly server: ToolServerRecord; readonly version: ToolServerVersion; readonly onClose: () => void };

/** Shows what would change for those who use the server before another revision serves. */
export function ServeVersion({ server, version, onClose }: Props) {
  const { name } = server;
  const { revision, status } = version;
  const words = text.tools.versions;
  const isPending = status === "pending";
  const steer = useSteer(
    name,
    () => (isPending ? acceptToolServer(name, revision) : activateToolServer(name, revision)),
    (done) => words.serves(done.name, done.revision),
  );
  return (
    <Dialog title={isPending ? words.acceptTitle(revision) : words.activateTitle(revision)} onClose={onClose} wide>
      <div className="space-y-4 overflow-y-auto p-5">
        <p className="text-muted">{words.activateNote}</p>
        {server.revision === null || server.revision === revision ? null : (
          <Difference server={name} from={server.revision} to={revision} />
        )}
        {steer.error === null ? null : <ProblemView error={steer.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button
            look="primary"
            data-autofocus
            disabled={steer.isPending}
            onClick={() => steer.mutate(undefined, { onSuccess: onClose })}
          >
            {isPending ? words.accept : words.activate(revision)}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
