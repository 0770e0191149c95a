// EventBridge Scheduler by AWS's SDK for Go: a schedule's whole life, one JSON line per step. The endpoint and the
// keys come from the environment, as the SDK itself reads them; ROLE is the role.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go"
)

const (
	group    = "by-go"
	function = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
)

var (
	ctx    = context.Background()
	client *scheduler.Client
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
	client = scheduler.NewFromConfig(must(config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))))
	made()
	changed()
	listed()
	removed()
}

func wish(name string) *scheduler.CreateScheduleInput {
	return &scheduler.CreateScheduleInput{
		Name: aws.String(name), GroupName: aws.String(group), State: types.ScheduleStateDisabled,
		ScheduleExpression:         aws.String("cron(0 8 ? * MON-FRI *)"),
		ScheduleExpressionTimezone: aws.String("Europe/Berlin"),
		FlexibleTimeWindow: &types.FlexibleTimeWindow{
			Mode: types.FlexibleTimeWindowModeFlexible, MaximumWindowInMinutes: aws.Int32(5),
		},
		Target: &types.Target{
			Arn: aws.String(function), RoleArn: aws.String(os.Getenv("ROLE")), Input: aws.String(`{"n":1}`),
		},
	}
}

func made() {
	made := must(client.CreateScheduleGroup(ctx, &scheduler.CreateScheduleGroupInput{
		Name: aws.String(group), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
	}))
	tags := must(client.ListTagsForResource(ctx, &scheduler.ListTagsForResourceInput{ResourceArn: made.ScheduleGroupArn}))
	say("group", facts{"key": tags.Tags[0].Key, "value": tags.Tags[0].Value})
	_ = must(client.CreateSchedule(ctx, wish("report")))
	whole := must(client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("report"), GroupName: aws.String(group)}))
	say("create", facts{
		"expression": whole.ScheduleExpression, "timezone": whole.ScheduleExpressionTimezone, "state": whole.State,
		"window": whole.FlexibleTimeWindow.MaximumWindowInMinutes, "input": whole.Target.Input,
		"retries": whole.Target.RetryPolicy.MaximumRetryAttempts,
		"dated":   whole.CreationDate.Equal(*whole.LastModificationDate),
	})
	say("twice", refusal(client.CreateSchedule(ctx, wish("report"))))
}

func changed() {
	_ = must(client.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
		Name: aws.String("report"), GroupName: aws.String(group), State: types.ScheduleStateDisabled,
		ScheduleExpression: aws.String("rate(1 hour)"), FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target: wish("report").Target,
	}))
	whole := must(client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("report"), GroupName: aws.String(group)}))
	say("update", facts{"expression": whole.ScheduleExpression, "timezone": whole.ScheduleExpressionTimezone, "mode": whole.FlexibleTimeWindow.Mode})
	invalid := wish("invalid")
	invalid.ScheduleExpression = aws.String("rate(5 lightyears)")
	say("invalid", refusal(client.CreateSchedule(ctx, invalid)))
}

func listed() {
	for _, name := range []string{"a", "b", "c"} {
		_ = must(client.CreateSchedule(ctx, wish(name)))
	}
	pages := scheduler.NewListSchedulesPaginator(client, &scheduler.ListSchedulesInput{GroupName: aws.String(group), MaxResults: aws.Int32(2)})
	names := []string{}
	for pages.HasMorePages() {
		for _, one := range must(pages.NextPage(ctx)).Schedules {
			names = append(names, *one.Name)
		}
	}
	say("list", facts{"names": names})
}

func removed() {
	_ = must(client.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: aws.String("report"), GroupName: aws.String(group)}))
	_ = must(client.DeleteScheduleGroup(ctx, &scheduler.DeleteScheduleGroupInput{Name: aws.String(group)}))
	gone := scheduler.GetScheduleInput{Name: aws.String("a"), GroupName: aws.String(group)}
	say("delete", refusal(client.GetSchedule(ctx, &gone)))
}
