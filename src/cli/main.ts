import { readCommandEnvironment } from "../server/config/environment/index.ts";
import { runCommandLine } from "./command-line.ts";

const { stdin: input, stdout: output, stderr: error } = process;

// A reader that has enough (`caxton run list | head`) closes the pipe.
output.on("error", (cause: NodeJS.ErrnoException) => {
  if (cause.code !== "EPIPE") throw cause;
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  streams: { input, output, error },
  environment: readCommandEnvironment(),
});
