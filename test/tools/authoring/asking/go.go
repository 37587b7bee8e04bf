func recall(arguments json.RawMessage) (any, error) {
	var given struct{ Query string }
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, err
	}
	return searchMemory(given.Query, 3)
}

func report(arguments json.RawMessage) (any, error) {
	var given struct{ Receiver string }
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, err
	}
	return sendMessage(given.Receiver, map[string]string{"disk": "full"})
}

func keep(arguments json.RawMessage) (any, error) {
	var given struct{ Value string }
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, err
	}
	if err := stateSet("kept", []byte(given.Value)); err != nil {
		return nil, err
	}
	kept, err := stateGet("kept")
	return string(kept), err
}

func page(arguments json.RawMessage) (any, error) {
	var given struct{ URL string }
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, err
	}
	status, body, err := fetch("GET", given.URL, nil)
	return map[string]any{"status": status, "body": string(body)}, err
}
