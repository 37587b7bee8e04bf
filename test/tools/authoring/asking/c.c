/* Gives what was answered, or why it was refused. */
static int give_answer(struct answer answer) {
  char message[1024];
  int code = answer.refused;
  if (!code) give(0, answer.head);
  else if (json_text(json_member(answer.head, "message"), message, sizeof message)) give(1, message);
  else give(1, "refused");
  answer_free(&answer);
  return code;
}

static int recall(const char *arguments) {
  char query[256];
  if (!json_text(json_member(arguments, "query"), query, sizeof query)) return give(1, "query is needed");
  return give_answer(search_memory(query, 3));
}

static int report(const char *arguments) {
  char receiver[64];
  if (!json_text(json_member(arguments, "receiver"), receiver, sizeof receiver)) return give(1, "receiver is needed");
  return give_answer(send_message(receiver, "{\"disk\":\"full\"}"));
}

static int keep(const char *arguments) {
  char value[256];
  if (!json_text(json_member(arguments, "value"), value, sizeof value)) return give(1, "value is needed");
  struct answer set = state_set("kept", value, strlen(value));
  if (set.refused) return give_answer(set);
  answer_free(&set);
  struct answer kept = state_get("kept");
  if (kept.refused) return give_answer(kept);
  char text[sizeof value] = {0};
  memcpy(text, kept.bytes, kept.size);
  answer_free(&kept);
  char *json = json_quoted(text);
  int code = give(0, json);
  free(json);
  return code;
}

static int page(const char *arguments) {
  char url[256];
  if (!json_text(json_member(arguments, "url"), url, sizeof url)) return give(1, "url is needed");
  return give_answer(fetch("GET", url, NULL, 0));
}
