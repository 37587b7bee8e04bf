import { deleteAgent } from "../../api/actions.ts";
import { DeleteDialog } from "../../parts/delete-dialog.tsx";
import { text } from "../../text.ts";

type Props = { readonly name: string; readonly onClose: () => void };

/** An agent that is gone answers nobody. */
export const DeleteAgent = ({ name, onClose }: Props) => (
  <DeleteDialog
    name={name}
    title={text.agent.deleteTitle(name)}
    action={text.agent.delete}
    done={text.agent.deleted(name)}
    onClose={onClose}
    remove={() => deleteAgent(name)}
    backTo="/agents"
    gone={["agent", name]}
    stale={[["agents"]]}
  >
    <p className="text-muted">{text.agent.deleteNote}</p>
  </DeleteDialog>
);
