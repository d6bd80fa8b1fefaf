package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/mcpwire"
)

// question is one thing that a tool needs to know before it can answer.
type question struct {
	key string
	ask func(b *server.InputRequestBuilder, key string)
	has func(r mcp.InputResponses, key string) bool
}

// round is what one call of a tool with several rounds asks.
type round []question

// asker is a tool that answers in rounds, as 2026-07-28 has it.
type asker struct {
	name   string
	signed bool // it keeps a state with the client, and signs it
	rounds []round
}

var inRounds = []*asker{
	{"test_input_required_result_elicitation", false, []round{{form("user_name", "What is your name?", "name", "string")}}},
	{"test_streaming_elicitation", false, []round{{form("user_name", "What is your name?", "name", "string")}}},
	{"test_input_required_result_sampling", false, []round{{completion("capital_question", "What is the capital of France?")}}},
	{"test_input_required_result_list_roots", false, []round{{roots("client_roots")}}},
	{"test_input_required_result_request_state", true, []round{{form("confirm", "Please confirm", "ok", "boolean")}}},
	{"test_input_required_result_tampered_state", true, []round{{form("confirm", "Please confirm", "ok", "boolean")}}},
	{"test_input_required_result_multiple_inputs", true, []round{{
		form("user_name", "What is your name?", "name", "string"),
		completion("greeting", "Generate a greeting"),
		roots("client_roots"),
	}}},
	{"test_input_required_result_multi_round", true, []round{
		{form("step1", "Step 1: What is your name?", "name", "string")},
		{form("step2", "Step 2: What is your favorite color?", "color", "string")},
	}},
}

// addRounds adds the tools and the prompt that ask for input by their result.
func addRounds(s *server.MCPServer) {
	key := newSeal()
	for _, t := range inRounds {
		s.AddTool(toolOf(t.name), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return t.call(key, r.Params.MultiRoundTripParams)
		})
	}
	s.AddTool(toolOf("test_input_required_result_capabilities"), askWhatIsDeclared)
	s.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("A prompt that asks first.")),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			asks := round{form("user_context", "What context should the prompt use?", "context", "string")}
			if !asks.met(r.Params.InputResponses) {
				return asks.builder().PromptResult(), nil
			}
			return prompt(mcp.NewTextContent(answered(r.Params.InputResponses))), nil
		})
}

// call is one call of a tool: the answer, or what it asks in the round it is in.
func (t *asker) call(key seal, r mcp.MultiRoundTripParams) (*mcp.CallToolResult, error) {
	at := 0
	if t.signed && r.RequestState != "" {
		if _, err := fmt.Sscan(key.open(r.RequestState), &at); err != nil || at < 0 || at >= len(t.rounds) {
			return nil, &mcpwire.Error{Code: mcp.INVALID_PARAMS, Message: "requestState is not what this server gave"}
		}
	}
	if t.rounds[at].met(r.InputResponses) {
		at++
	}
	if at == len(t.rounds) {
		return mcp.NewToolResultText(answered(r.InputResponses)), nil
	}
	b := t.rounds[at].builder()
	if t.signed {
		b.RequestState(key.close(strconv.Itoa(at)))
	}
	return b.ToolResult(), nil
}

// askWhatIsDeclared asks only for what the client says it can do.
func askWhatIsDeclared(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var asks round
	can := capabilities(ctx)
	if can.Sampling != nil {
		asks = append(asks, completion("greeting", "Generate a greeting"))
	}
	if can.Elicitation != nil {
		asks = append(asks, form("user_name", "What is your name?", "name", "string"))
	}
	if asks.met(r.Params.InputResponses) {
		return mcp.NewToolResultText(answered(r.Params.InputResponses)), nil
	}
	return asks.builder().ToolResult(), nil
}

func (asks round) met(r mcp.InputResponses) bool {
	for _, q := range asks {
		if !q.has(r, q.key) {
			return false
		}
	}
	return true
}

func (asks round) builder() *server.InputRequestBuilder {
	b := server.NewInputRequestBuilder("")
	for _, q := range asks {
		q.ask(b, q.key)
	}
	return b
}

// answered repeats what the client answered.
func answered(r mcp.InputResponses) string {
	raw, err := json.Marshal(r)
	if err != nil {
		return "state-ok"
	}
	return "state-ok: " + string(raw)
}

// form asks the user for one field.
func form(key, message, field, kind string) question {
	schema := fmt.Sprintf(`{"type":"object","properties":{%q:{"type":%q}},"required":[%q]}`, field, kind, field)
	return question{
		key,
		func(b *server.InputRequestBuilder, key string) {
			b.Elicit(key, mcp.ElicitationParams{Message: message, RequestedSchema: json.RawMessage(schema)})
		},
		func(r mcp.InputResponses, key string) bool {
			answer := server.ElicitationResponse(r, key)
			return answer != nil && answer.Action == mcp.ElicitationResponseActionAccept
		},
	}
}

// completion asks the client's model.
func completion(key, prompt string) question {
	return question{
		key,
		func(b *server.InputRequestBuilder, key string) { b.Sample(key, sampling(prompt, 100)) },
		func(r mcp.InputResponses, key string) bool { return server.SamplingResponse(r, key) != nil },
	}
}

// roots asks for the client's roots.
func roots(key string) question {
	return question{
		key,
		func(b *server.InputRequestBuilder, key string) { b.Roots(key) },
		func(r mcp.InputResponses, key string) bool { return server.RootsResponse(r, key) != nil },
	}
}

// seal signs what clients keep for the server.
type seal []byte

func newSeal() seal { return seal(rand.Text()) }

func (k seal) sum(text string) string {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

func (k seal) close(text string) string { return text + "." + k.sum(text) }

// open gives the text, or nothing if it is not as it was given.
func (k seal) open(sealed string) string {
	text, sum, _ := strings.Cut(sealed, ".")
	if !hmac.Equal([]byte(sum), []byte(k.sum(text))) {
		return ""
	}
	return text
}
