import { useState } from "react";
import { pauseToolServer } from "../../api/tool-servers.ts";
import { PauseDialog } from "../../parts/dialogs/pause-dialog.tsx";
import { text } from "../../text/text.ts";
import { useSteer } from "./steer.ts";

type Props = { readonly name: string; readonly onClose: () => void };

/** Asks for a reason, which is part of the error of refused calls. */
export function PauseServer({ name, onClose }: Props) {
  const { pause } = text.tools;
  const [reason, setReason] = useState("");
  const steer = useSteer(
    name,
    () => pauseToolServer(name, reason.trim()),
    () => pause.done(name),
  );
  const words = { ...pause, title: pause.title(name), action: text.tools.actions.pause };
  return <PauseDialog words={words} reason={reason} onReason={setReason} pause={steer} onClose={onClose} />;
}
