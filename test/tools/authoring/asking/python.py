    def recall(self, query: str) -> str:
        try:
            found = memory.search(query, [], 3)
        except Err as refused:
            raise Err(refused.value.message)
        return "\n".join(f"{hit.name}: {'; '.join(hit.observations)}" for hit in found.hits)

    def report(self, receiver: str) -> str:
        try:
            sent = messages.send(json.dumps({"receiver": receiver, "content": {"disk": "full"}}))
        except Err as refused:
            raise Err(refused.value.message)
        return f"{sent.id} to {', '.join(sent.recipients)}"

    def keep(self, value: str) -> str:
        try:
            state.set("kept", value.encode())
            return (state.get("kept") or b"").decode()
        except Err as refused:
            raise Err(refused.value.message)

    def page(self, url: str) -> str:
        try:
            answer = http.fetch(http.Request(method="GET", url=url, headers=[], body=b"", timeout_ms=None))
        except Err as refused:
            raise Err(refused.value.message)
        return f"{answer.status}: {answer.body.decode()}"
