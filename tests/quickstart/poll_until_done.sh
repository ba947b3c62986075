for i in $(seq 1 60); do
  DATA=$(curl -sH "Authorization: Bearer $VOIDGRAM_API_KEY" \
    http://localhost:3001/api/v1/posts/$POST_ID)
  STATUS=$(echo "$DATA" | jq -r .status)
  case "$STATUS" in
    PUBLISHED) echo "$DATA" | jq .igPermalink; break ;;
    FAILED)    echo "$DATA" | jq '{errorCode,errorMessage}'; exit 1 ;;
  esac
  sleep 3
done
