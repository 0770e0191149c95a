// Lambda by AWS's SDK for Go: the whole life of a function, one JSON line per step. The endpoint and the keys come
// from the environment, as the SDK itself reads them; CODE is the folder with the zips, ROLE the role.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

const (
	name      = "by-go"
	streaming = "by-go-streaming"
)

var (
	ctx    = context.Background()
	client *lambda.Client
)

// A step's line; keys come out in order.
type facts map[string]any

func say(step string, found facts) {
	found["step"] = step
	line, err := json.Marshal(found)
	check(err)
	os.Stdout.Write(append(line, '\n'))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Ends the program where AWS would have answered.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func zip(file string) []byte {
	return must(os.ReadFile(filepath.Join(os.Getenv("CODE"), file+".zip")))
}

func main() {
	settings := must(config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1)))
	client = lambda.NewFromConfig(settings)
	made()
	changed()
	called()
	streamed()
	around()
	removed()
}

func made() {
	layer := must(client.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{
		LayerName: aws.String(name), Content: &types.LayerVersionContentInput{ZipFile: zip("layer")},
	}))
	say("layer", facts{"version": layer.Version})
	create(name, "one", []string{*layer.LayerVersionArn})
	create(streaming, "streaming", nil)
	waiter := lambda.NewFunctionActiveV2Waiter(client)
	whole := must(waiter.WaitForOutput(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(name)}, time.Minute))
	say("create", facts{
		"state": whole.Configuration.State, "version": whole.Configuration.Version,
		"layers": len(whole.Configuration.Layers), "tags": whole.Tags,
	})
}

func create(function, code string, layers []string) {
	must(client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String(function),
		Runtime:      types.Runtime("nodejs24.x"),
		Handler:      aws.String("index.handler"),
		Role:         aws.String(os.Getenv("ROLE")),
		Code:         &types.FunctionCode{ZipFile: zip(code)},
		Layers:       layers,
		Tags:         map[string]string{"team": "shop"},
	}))
}

func changed() {
	first := must(client.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String(name)}))
	say("publish", facts{"version": first.Version})
	second := must(client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
		FunctionName: aws.String(name), ZipFile: zip("two"), Publish: true,
	}))
	say("update", facts{"version": second.Version})
	set := must(client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(name), MemorySize: aws.Int32(256), Layers: []string{},
		Environment: &types.Environment{Variables: map[string]string{"COLOUR": "red"}},
	}))
	say("configure", facts{"memory": set.MemorySize, "layers": len(set.Layers), "environment": set.Environment.Variables})
	alias := must(client.CreateAlias(ctx, &lambda.CreateAliasInput{
		FunctionName: aws.String(name), Name: aws.String("live"), FunctionVersion: aws.String("1"),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.5}},
	}))
	say("alias", facts{"version": alias.FunctionVersion, "weights": alias.RoutingConfig.AdditionalVersionWeights})
}

func invoke(input lambda.InvokeInput) *lambda.InvokeOutput {
	input.FunctionName = aws.String(name)
	return must(client.Invoke(ctx, &input))
}

func called() {
	answer := invoke(lambda.InvokeInput{Qualifier: aws.String("1"), LogType: types.LogTypeTail, Payload: []byte("{}")})
	lines := string(must(base64.StdEncoding.DecodeString(aws.ToString(answer.LogResult))))
	say("invoke", facts{
		"status": answer.StatusCode, "payload": string(answer.Payload), "version": answer.ExecutedVersion,
		"log": strings.Contains(lines, "hello"),
	})
	var versions []string
	for range 4 {
		versions = append(versions, *invoke(lambda.InvokeInput{Qualifier: aws.String("live")}).ExecutedVersion)
	}
	slices.Sort(versions)
	say("weighted", facts{"versions": versions})
	failed := invoke(lambda.InvokeInput{Payload: []byte(`{"fail":1}`)})
	say("failed", facts{"status": failed.StatusCode, "error": failed.FunctionError, "message": messageOf(aws.String(string(failed.Payload)))})
	say("event", facts{"status": invoke(lambda.InvokeInput{InvocationType: types.InvocationTypeEvent}).StatusCode})
	say("dry-run", facts{"status": invoke(lambda.InvokeInput{InvocationType: types.InvocationTypeDryRun}).StatusCode})
}

func streamed() {
	for _, payload := range []string{"{}", `{"fail":1}`} {
		answer := must(client.InvokeWithResponseStream(ctx, &lambda.InvokeWithResponseStreamInput{
			FunctionName: aws.String(streaming), Payload: []byte(payload), LogType: types.LogTypeTail,
		}))
		stream := answer.GetStream()
		var text strings.Builder
		var end types.InvokeWithResponseStreamCompleteEvent
		for event := range stream.Events() {
			switch event := event.(type) {
			case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
				text.Write(event.Value.Payload)
			case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
				end = event.Value
			}
		}
		check(stream.Err())
		check(stream.Close())
		say("stream", facts{
			"status": answer.StatusCode, "text": text.String(), "failed": messageOf(end.ErrorDetails), "log": aws.ToString(end.LogResult) != "",
		})
	}
}

// What an error object says; nil for none.
func messageOf(object *string) any {
	if object == nil {
		return nil
	}
	var trouble struct{ ErrorMessage string }
	check(json.Unmarshal([]byte(*object), &trouble))
	return trouble.ErrorMessage
}

func around() {
	url := must(client.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{
		FunctionName: aws.String(name), Qualifier: aws.String("live"),
		AuthType: types.FunctionUrlAuthTypeAwsIam, InvokeMode: types.InvokeModeResponseStream,
		Cors: &types.Cors{AllowOrigins: []string{"https://shop.example"}, MaxAge: aws.Int32(60)},
	}))
	say("url", facts{
		"auth": url.AuthType, "mode": url.InvokeMode, "origins": url.Cors.AllowOrigins,
		"host": strings.Contains(*url.FunctionUrl, ".lambda-url.us-east-1."),
	})
	must(client.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String(name), StatementId: aws.String("one"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("s3.amazonaws.com"), SourceArn: aws.String("arn:aws:s3:::photos"),
	}))
	policy := must(client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String(name)}))
	must(client.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: aws.String(name), StatementId: aws.String("one")}))
	_, gone := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String(name)})
	say("permission", facts{"source": strings.Contains(*policy.Policy, "arn:aws:s3:::photos"), "after": code(gone)})
	reserved := must(client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String(name), ReservedConcurrentExecutions: aws.Int32(0),
	}))
	_, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(name)})
	var throttled *types.TooManyRequestsException
	if !errors.As(err, &throttled) {
		log.Fatalf("not throttled: %v", err)
	}
	say("concurrency", facts{"reserved": reserved.ReservedConcurrentExecutions, "reason": throttled.Reason})
}

func code(err error) string {
	var known smithy.APIError
	if errors.As(err, &known) {
		return known.ErrorCode()
	}
	log.Fatalf("not AWS's error: %v", err)
	return ""
}

func removed() {
	_, err := client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(name), MemorySize: aws.Int32(127),
	})
	say("invalid", facts{"error": code(err)})
	for _, function := range []string{name, streaming} {
		must(client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String(function)}))
	}
	must(client.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: aws.String(name), VersionNumber: aws.Int64(1)}))
	_, err = client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(name)})
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) {
		log.Fatalf("still there: %v", err)
	}
	left := must(client.ListFunctions(ctx, &lambda.ListFunctionsInput{}))
	say("delete", facts{"error": code(err), "left": len(left.Functions)})
}
