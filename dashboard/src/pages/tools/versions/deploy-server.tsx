import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import type { FileProblem, ToolServerDeployment } from "../../../../../src/api/contract/index.ts";
import { deployToolServer, toolServerKeys } from "../../../api/tool-servers.ts";
import { Button } from "../../../parts/button.tsx";
import { cx } from "../../../parts/class-names.ts";
import { Command } from "../../../parts/content/copy.tsx";
import { Dialog } from "../../../parts/dialogs/dialog.tsx";
import { useFileDrop } from "../../../parts/forms/file-drop.ts";
import { bytes } from "../../../parts/format/format.ts";
import { notify } from "../../../parts/problems/notice.tsx";
import { ProblemList } from "../../../parts/problems/problem-list.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { useSettled } from "../../../parts/forms/settled.ts";
import { goToPlace, SourceEditor } from "../../../parts/forms/source-editor.tsx";
import { useUnsaved } from "../../../parts/forms/unsaved.ts";
import { text } from "../../../text/text.ts";
import { manifestProblems, NO_FILES, takeFiles, type DeploymentFiles } from "./deployment-files.ts";
import { DeploymentPreview } from "./deployment-preview.tsx";

const CHECK_AFTER_MS = 400;

type Props = { readonly name?: string; readonly onClose: () => void };

/** Takes a module and its manifest, shows what deploying them would change, and deploys them. */
export function DeployServer({ name, onClose }: Props) {
  const words = text.tools.deploy;
  const [files, setFiles] = useState<DeploymentFiles>(NO_FILES);
  const [servesNow, setServesNow] = useState(false);
  const id = useId();
  const add = async (added: readonly File[]) => {
    const taken = await takeFiles(files, added);
    setFiles(taken.files);
    for (const unknown of taken.unknown) notify(words.unknownFile(unknown));
  };
  const drop = useFileDrop((added) => void add(added));
  const check = useCheck(files, name);
  const [deployed, setDeployed] = useState<ToolServerDeployment>();
  const deploy = useDeploy(setDeployed);
  useUnsaved(files !== NO_FILES && deployed === undefined);
  useGoTo(deployed);
  const problems = manifestProblems(check.error);
  const isPending = check.data?.outcome === "pending";
  return (
    <Dialog title={name === undefined ? words.title : words.again(name)} onClose={onClose} wide>
      <div {...drop.handlers} className={cx("space-y-4 overflow-y-auto p-5", drop.over && "bg-accent-soft")}>
        <Chooser files={files} onFiles={(added) => void add(added)} />
        {files.manifest === "" && files.module === undefined ? null : (
          <SourceEditor
            id={id}
            label={words.manifest}
            value={files.manifest}
            rows={Math.min(16, Math.max(6, files.manifest.split("\n").length))}
            onChange={(manifest) => setFiles({ ...files, manifest })}
            errors={linesOf(problems, "error")}
            warnings={linesOf(problems, "warning")}
          />
        )}
        {check.error === null ? null : <ProblemView error={check.error} />}
        <ProblemList problems={problems} onGo={(problem) => goTo(id, problem)} />
        {check.data === undefined ? null : <DeploymentPreview deployment={check.data} />}
        {isPending ? (
          <label className="flex items-center gap-2 text-sm">
            <input type="checkbox" checked={servesNow} onChange={(event) => setServesNow(event.target.checked)} />
            {words.serveNow}
          </label>
        ) : null}
        {deploy.error === null ? null : <ProblemView error={deploy.error} />}
        <div className="flex flex-wrap items-center gap-3">
          <Button
            look="primary"
            disabled={check.data === undefined || check.data.outcome === "unchanged" || deploy.isPending}
            onClick={() => deploy.mutate({ files, accept: isPending && servesNow })}
          >
            {deploy.isPending ? words.deploying : isPending && servesNow ? words.deployAccepted : words.deploy}
          </Button>
          <p role="status" className="text-sm text-muted">
            {check.isFetching ? words.checking : ""}
          </p>
        </div>
        <p className="flex flex-wrap items-center gap-2 border-t border-line pt-3 text-xs text-muted">
          {text.deploy.orCommand} <Command>{words.command}</Command>
        </p>
      </div>
    </Dialog>
  );
}

type ChooserProps = { readonly files: DeploymentFiles; readonly onFiles: (files: readonly File[]) => void };

function Chooser({ files, onFiles }: ChooserProps) {
  const words = text.tools.deploy;
  const picker = useRef<HTMLInputElement>(null);
  const { module, manifest, signature } = files;
  const parts = [
    { name: words.module, value: module === undefined ? words.missing : `${module.name}, ${bytes(module.size)}` },
    { name: words.manifest, value: manifest === "" ? words.noManifest : bytes(manifest.length) },
    { name: words.signature, value: signature?.name ?? words.noSignature },
  ];
  return (
    <div className="space-y-3">
      <p className="text-sm text-muted">{words.note}</p>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-3 rounded-lg border border-dashed border-line-strong px-4 py-3">
        <input
          ref={picker}
          type="file"
          accept=".wasm,.toml,.sig"
          multiple
          hidden
          onChange={(event) => {
            onFiles([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <Button data-autofocus onClick={() => picker.current?.click()}>
          <FileUp aria-hidden />
          {words.choose}
        </Button>
        <dl className="flex min-w-0 flex-1 flex-wrap gap-x-6 gap-y-1 text-sm">
          {parts.map(({ name, value }) => (
            <div key={name} className="min-w-0">
              <dt className="text-xs text-muted">{name}</dt>
              <dd className="truncate">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}

const linesOf = (problems: readonly FileProblem[], severity: FileProblem["severity"]): ReadonlySet<number> =>
  new Set(problems.filter((problem) => problem.severity === severity).map(({ line }) => line));

function goTo(id: string, problem: FileProblem): void {
  const area = document.getElementById(id);
  if (area instanceof HTMLTextAreaElement) goToPlace(area, problem);
}

/** What deploying would do, asked a moment after the last change of what is to be deployed. */
function useCheck(files: DeploymentFiles, name: string | undefined) {
  const { module, manifest, signature } = useSettled(files, CHECK_AFTER_MS);
  // Without a manifest the name is that of the file, which a further version of a server must not depend on.
  const isWhole = module !== undefined && (name === undefined || manifest.trim() !== "");
  return useQuery({
    queryKey: ["deployment", module?.name, module?.size, module?.lastModified, manifest, signature?.text],
    queryFn: ({ signal }): Promise<ToolServerDeployment> =>
      module === undefined
        ? Promise.reject(new Error("there is no module"))
        : deployToolServer({ module, manifest, signature: signature?.text }, { dryRun: true, signal }),
    enabled: isWhole,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function useDeploy(onDeployed: (deployed: ToolServerDeployment) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ files, accept }: { readonly files: DeploymentFiles; readonly accept: boolean }) => {
      const { module, manifest, signature } = files;
      if (module === undefined) throw new Error("there is no module");
      return deployToolServer({ module, manifest, signature: signature?.text }, { dryRun: false, accept });
    },
    onSuccess: async (deployed) => {
      const { name, outcome, revision } = deployed;
      notify(text.tools.deploy.done[outcome](name, revision));
      await Promise.all(toolServerKeys(name).map((queryKey) => client.invalidateQueries({ queryKey })));
      onDeployed(deployed);
    },
  });
}

/** Goes to what was deployed, once the files count as deployed, so that leaving the page asks nothing. */
function useGoTo(deployed: ToolServerDeployment | undefined): void {
  const navigate = useNavigate();
  useEffect(() => {
    if (deployed === undefined) return;
    const { name, outcome, revision } = deployed;
    const search = outcome === "pending" ? { tab: "versions" as const, revision } : {};
    void navigate({ to: "/tools/$server", params: { server: name }, search });
  }, [deployed, navigate]);
}
