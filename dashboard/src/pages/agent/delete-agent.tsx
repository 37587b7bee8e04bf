import { deleteAgent } from "../../api/actions.ts";
import { DeleteDialog } from "../../parts/dialogs/delete-dialog.tsx";
import { text } from "../../text/text.ts";

type Props = {
  readonly name: string;
  /** Its file in the agents directory, which is not deleted; undefined without a file. */
  readonly file: string | undefined;
  readonly onClose: () => void;
};

/** Asks before an agent is deleted. */
export const DeleteAgent = ({ name, file, onClose }: Props) => (
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
    {file === undefined ? null : <p className="[overflow-wrap:anywhere]">{text.agent.deleteFile(file)}</p>}
  </DeleteDialog>
);
