// SQS by AWS's SDK for Go: the life of queues and messages, one JSON line per step. The SDK holds the digests of
// answers against what it sent and received. The endpoint and the keys come from the environment, as the SDK itself
// reads them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const name = "by-go"

var (
	ctx    = context.Background()
	client *sqs.Client
	queue  *string
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

// What AWS calls an error, and what it says.
func refusal(_ any, err error) facts {
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		log.Fatalf("not refused: %v", err)
	}
	return facts{"error": refused.ErrorCode(), "message": refused.ErrorMessage()}
}

func main() {
	client = sqs.NewFromConfig(must(config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))))
	made()
	one()
	several()
	fifo := ordered()
	refused()
	removed(fifo)
}

func made() {
	queue = must(client.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName:  aws.String(name),
		Attributes: map[string]string{"VisibilityTimeout": "60"},
		Tags:       map[string]string{"team": "shop"},
	})).QueueUrl
	told := must(client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})).Attributes
	tags := must(client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: queue})).Tags
	say("create", facts{"visibility": told["VisibilityTimeout"], "kept": told["MessageRetentionPeriod"], "team": tags["team"]})
}

func receive(more sqs.ReceiveMessageInput) []types.Message {
	more.MaxNumberOfMessages, more.WaitTimeSeconds = 10, 20
	if more.QueueUrl == nil {
		more.QueueUrl = queue
	}
	return must(client.ReceiveMessage(ctx, &more)).Messages
}

func one() {
	sent := must(client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: queue, MessageBody: aws.String("grüße"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"colour": {DataType: aws.String("String"), StringValue: aws.String("red")},
			"raw":    {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		},
	}))
	say("send", facts{"body": sent.MD5OfMessageBody, "attributes": sent.MD5OfMessageAttributes})
	got := receive(sqs.ReceiveMessageInput{
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})[0]
	raw := []int{}
	for _, value := range got.MessageAttributes["raw"].BinaryValue {
		raw = append(raw, int(value))
	}
	say("receive", facts{
		"body": got.Body, "same": *got.MessageId == *sent.MessageId, "count": got.Attributes["ApproximateReceiveCount"],
		"colour": got.MessageAttributes["colour"].StringValue, "raw": raw,
	})
	_ = must(client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: queue, ReceiptHandle: got.ReceiptHandle, VisibilityTimeout: 0,
	}))
	again := receive(sqs.ReceiveMessageInput{})[0]
	_ = must(client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: again.ReceiptHandle}))
	say("again", facts{"same": *again.MessageId == *sent.MessageId})
}

func several() {
	entries := []types.SendMessageBatchRequestEntry{}
	for _, id := range []string{"a", "b", "c"} {
		entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("body " + id)})
	}
	sent := must(client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: entries}))
	bodies, handles := []string{}, []types.DeleteMessageBatchRequestEntry{}
	for len(bodies) < 3 {
		for _, message := range receive(sqs.ReceiveMessageInput{}) {
			handles = append(handles, types.DeleteMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(len(handles))), ReceiptHandle: message.ReceiptHandle,
			})
			bodies = append(bodies, *message.Body)
		}
	}
	slices.Sort(bodies)
	handles = append(handles, types.DeleteMessageBatchRequestEntry{Id: aws.String("wrong"), ReceiptHandle: aws.String("garbage")})
	deleted := must(client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: handles}))
	failed := []string{}
	for _, one := range deleted.Failed {
		failed = append(failed, *one.Id+" "+*one.Code)
	}
	say("batch", facts{"sent": len(sent.Successful), "bodies": bodies, "deleted": len(deleted.Successful), "failed": failed})
}

func ordered() *string {
	fifo := must(client.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName:  aws.String(name + ".fifo"),
		Attributes: map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"},
	})).QueueUrl
	numbers, bodies := []string{}, []string{}
	for _, body := range []string{"one", "one", "two"} {
		sent := must(client.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: fifo, MessageBody: aws.String(body), MessageGroupId: aws.String("g"),
		}))
		numbers = append(numbers, *sent.SequenceNumber)
	}
	for _, message := range receive(sqs.ReceiveMessageInput{QueueUrl: fifo}) {
		bodies = append(bodies, *message.Body)
	}
	say("fifo", facts{"bodies": bodies, "duplicate": numbers[0] == numbers[1], "grows": numbers[1] < numbers[2]})
	return fifo
}

func refused() {
	say("missing", refusal(client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("nobody")})))
	say("invalid", refusal(client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 11})))
	none := []types.DeleteMessageBatchRequestEntry{}
	say("empty", refusal(client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: none})))
	_ = must(client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: queue}))
	say("purge", refusal(client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: queue})))
}

func removed(fifo *string) {
	pages := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: aws.String(name), MaxResults: aws.Int32(1)})
	names := []string{}
	for pages.HasMorePages() {
		for _, url := range must(pages.NextPage(ctx)).QueueUrls {
			names = append(names, url[strings.LastIndex(url, name)+len(name):])
		}
	}
	say("list", facts{"names": names})
	for _, url := range []*string{queue, fifo} {
		_ = must(client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}))
	}
	say("delete", refusal(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("late")})))
}
