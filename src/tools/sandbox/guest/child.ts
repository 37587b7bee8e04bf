/** Entry of a sandbox child: one pipe to the server, nothing else. It ends when the pipe does. */
import { Socket } from "node:net";
import process from "node:process";
import { confine } from "./confine.ts";
import { Host } from "./host.ts";

const PIPE = 3;

confine();
void new Host(new Socket({ fd: PIPE }), () => process.exit(0));
