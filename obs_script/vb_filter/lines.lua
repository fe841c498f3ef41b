-- Breaks texts into lines. The status has a fixed number of them: OBS's own word wrap makes a row higher
-- or lower than its text, and the rows below would move whenever the text changes.
local M = {}

-- Three lines, so that what is needed daily fits into the window as OBS opens it. A line holds about 56
-- Latin letters there; others are twice as wide.
local LINES, COLUMNS = 3, 56

-- What a line never begins with, and never ends with.
local FOLLOWS = { ["、"] = true, ["。"] = true, ["」"] = true, [")"] = true, [","] = true, ["."] = true }

local LEADS = { ["「"] = true, ["("] = true }

local LETTER = "[%z\1-\127\194-\244][\128-\191]*"

local function columns_of(words)
	local columns = 0
	for letter in words:gmatch(LETTER) do columns = columns + (letter:byte() < 224 and 1 or 2) end
	return columns
end

-- Returns the parts of a line between which it may be broken: words with the spaces before them, none
-- longer than a line, and wide letters one by one.
local function parts_of(line)
	local parts = {}
	for letter in line:gmatch(LETTER) do
		local last = parts[#parts]
		local wide, space = letter:byte() >= 224, letter == " "
		local joins = FOLLOWS[letter] or not (wide or space or (last and last.wide))
			or (last and LEADS[last.text])
		if last and joins and columns_of(last.text) < COLUMNS then
			last.text = last.text .. letter
		else
			parts[#parts + 1] = { text = letter, wide = wide }
		end
	end
	return parts
end

local function broken(line, add)
	local made = ""
	for _, part in ipairs(parts_of(line)) do
		if made ~= "" and columns_of(made .. part.text) > COLUMNS then
			add(made)
			made = part.text:gsub("^ ", "")
		else
			made = made .. part.text
		end
	end
	add(made)
end

-- Where a word may be broken though nothing is seen there, and after how many letters.
local BREAK, LONGEST = "\226\128\139", 24

-- Returns a text whose long words, such as paths, can be broken: OBS makes the whole panel as wide as the
-- longest word, and the buttons at its right edge are out of sight.
function M.breakable(words)
	return (words:gsub("[%w%p]+", function(word)
		if #word <= LONGEST then return nil end
		return (word:gsub(("."):rep(LONGEST), "%0" .. BREAK))
	end))
end

-- What ends each line without a wide letter, whatever the language. Wide letters, as in the name of a
-- source, may come from another font, whose lines are higher: with a letter of it, such as the ideographic
-- space, a line of other letters or of none is as high, and what is below stays where it is.
local WIDE, ENDING = "[\227-\237][\128-\191][\128-\191]", "\227\128\128"

-- Returns a text of one sentence a line in `count` lines that fit, or in as many as the status has. A
-- sentence for which there is no room is left out; only the first is cut.
function M.same_height(words, count)
	local lines, room = {}, count or LINES
	for sentence in (words .. "\n"):gmatch("(.-)\n") do
		local made = {}
		broken(sentence, function(line) made[#made + 1] = line end)
		if #lines == 0 or #lines + #made <= room then
			for _, line in ipairs(made) do lines[#lines + 1] = line end
		end
	end
	if #lines > room then lines[room] = lines[room] .. "…" end
	while #lines < room do lines[#lines + 1] = " " end
	for index, line in ipairs(lines) do
		if not line:find(WIDE) then lines[index] = line .. ENDING end
	end
	return table.concat(lines, "\n", 1, room)
end

return M
