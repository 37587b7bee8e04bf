// An MCP server on standard streams, in plain Go: GOOS=wasip1 GOARCH=wasm go build.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
)

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string            `json:"name"`
		Arguments map[string]string `json:"arguments"`
	} `json:"params"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), 1<<22)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if json.Unmarshal(lines.Bytes(), &asked) != nil || asked.ID == nil {
			continue
		}
		out.Encode(map[string]any{"jsonrpc": "2.0", "id": asked.ID, "result": answer(asked)})
	}
}

func answer(asked request) any {
	switch asked.Method {
	case "initialize":
		return map[string]any{
			"protocolVersion": "2025-06-18",
			"capabilities":    map[string]any{"tools": map[string]any{}},
			"serverInfo":      map[string]any{"name": "go", "version": "1"},
		}
	case "tools/list":
		text := map[string]any{"type": "string"}
		schema := map[string]any{"type": "object", "properties": map[string]any{"text": text}, "required": []string{"text"}}
		return map[string]any{"tools": []any{map[string]any{"name": "title", "description": "Capital letters", "inputSchema": schema}}}
	default:
		text := strings.ToUpper(asked.Params.Arguments["text"])
		return map[string]any{"content": []any{map[string]any{"type": "text", "text": text}}}
	}
}
