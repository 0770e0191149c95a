// A function in Go on provided.al2023, with the real aws-lambda-go.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type answer struct {
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}

func hello(ctx context.Context, event events.APIGatewayV2HTTPRequest) (answer, error) {
	name := event.PathParameters["name"]
	if name == "" {
		name = "world"
	}
	if name == "nobody" {
		return answer{}, errors.New("nobody is not greeted")
	}
	fmt.Println("greeting", name)
	about, _ := lambdacontext.FromContext(ctx)
	return answer{Message: "Hello, " + name + ", from Go", RequestID: about.AwsRequestID}, nil
}

func main() {
	lambda.Start(hello)
}
