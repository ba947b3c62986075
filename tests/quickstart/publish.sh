# 1. Upload
MEDIA_ID=$(curl -s -X POST \
  -H "Authorization: Bearer $VOIDGRAM_API_KEY" \
  -F "file=@./sunset.jpg" \
  http://localhost:3001/api/v1/media/upload | jq -r .id)

# 2. Publish immediately
curl -s -X POST \
  -H "Authorization: Bearer $VOIDGRAM_API_KEY" \
  -H "Content-Type: application/json" \
  -d "{
    \"accountId\": \"$ACCOUNT_ID\",
    \"mediaFileId\": \"$MEDIA_ID\",
    \"mediaType\": \"IMAGE\",
    \"caption\": \"Sunset over Seattle #pnw\"
  }" \
  http://localhost:3001/api/v1/posts/publish
