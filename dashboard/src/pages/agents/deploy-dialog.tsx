import { useNavigate } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Command } from "../../parts/content/copy.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { useFileDrop } from "../../parts/forms/file-drop.ts";
import { notify } from "../../parts/problems/notice.tsx";
import { useUnsaved } from "../../parts/forms/unsaved.ts";
import { text } from "../../text/text.ts";
import { DefinitionForm } from "./definition-form.tsx";

/** A definition pasted without a file is taken for Markdown when it begins as one. */
const guessName = (source: string): string => (source.trimStart().startsWith("---") ? "agent.md" : "agent.toml");

export function DeployDialog({ onClose }: { readonly onClose: () => void }) {
  const [source, setSource] = useState("");
  const [fileName, setFileName] = useState<string | undefined>();
  const [deployed, setDeployed] = useState<string>();
  const navigate = useNavigate();
  useUnsaved(source.trim() !== "" && deployed === undefined);
  // Once the text counts as deployed, so that leaving the page asks nothing.
  useEffect(() => {
    if (deployed !== undefined)
      void navigate({ to: "/agents/$name", params: { name: deployed }, search: { tab: "try" } });
  }, [deployed, navigate]);
  const picker = useRef<HTMLInputElement>(null);
  const take = async ([file]: readonly File[]) => {
    if (file === undefined) return;
    setSource(await file.text());
    setFileName(file.name);
  };
  const drop = useFileDrop((files) => void take(files));
  return (
    <Dialog title={text.deploy.title} onClose={onClose} wide>
      <div {...drop.handlers} className={cx("space-y-3 overflow-y-auto p-5", drop.over && "bg-accent-soft")}>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2 text-sm text-muted">
          <p className="min-w-0 flex-1 basis-72">{text.deploy.note}</p>
          <input
            ref={picker}
            type="file"
            accept=".toml,.md,.yaml,.yml"
            hidden
            onChange={(event) => void take([...(event.target.files ?? [])])}
          />
          <Button size="small" onClick={() => picker.current?.click()}>
            <FileUp aria-hidden />
            {fileName ?? text.deploy.choose}
          </Button>
        </div>
        <DefinitionForm
          file={{ source, fileName: fileName ?? guessName(source) }}
          onChange={setSource}
          onDeployed={({ outcome, agent }) => {
            notify(text.deploy.outcome[outcome](agent.name, agent.revision));
            setDeployed(agent.name);
          }}
        />
        <p className="flex flex-wrap items-center gap-2 border-t border-line pt-3 text-xs text-muted">
          {text.deploy.orCommand} <Command>{text.deploy.command}</Command>
        </p>
      </div>
    </Dialog>
  );
}
